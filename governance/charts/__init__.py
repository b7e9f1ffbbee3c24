"""Draw results as SVG text: pure functions, one for each picture.

They import Altair and vl-convert when called, which only a worker does; pages show what was stored.
Put the text *into* the page, where its ink follows the colour of the text around it; as a separate
image or on paper it is black.
"""
