"""Many configurations and networks at once: predicted, the best simulated, and their front.

`spec` reads what is asked for, `results` finds it out on a `cluster`, `document` and `page` show
it. Nothing is imported here: a worker needs `work` alone.
"""
