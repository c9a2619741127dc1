"""The bit-exact reference of docs/numerics.md; imports nothing of heepstor.

Empty of imports on purpose: `golden.numpy_twin` runs in simulator processes, which must not load
torch.
"""
