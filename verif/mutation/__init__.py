"""Mutation score of the array: what the tests say when the RTL is wrong in one place."""
