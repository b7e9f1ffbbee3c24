"""Background work: RQ entry points, the table of queues, and the sweep that catches up."""
