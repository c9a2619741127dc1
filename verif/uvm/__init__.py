"""pyuvm environment of the systolic array; README.md of verif/ tells how it is put together.

Nothing here may import torch: these modules run inside the simulator.
"""
