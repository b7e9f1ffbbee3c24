"""The fairness core: arrays in, frozen results out, no storage.

Every figure is an `Estimate` with its interval or a `NotEstimable` with its reason, and every
comparison ends in one of three verdicts. Import from the module that says what you need:
`counts`, `group_report`, `annotator_report`, `paired`; `plain` turns any result into JSON.
"""
