"""Run Folkmoot's processes on one machine, so that none outlives what started it."""
