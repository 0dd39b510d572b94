"""Charts as inline SVG: one file a kind; colours are classes of templates/theme.css, so that a page may forbid styles.

None of them has a style of its own. Texts stay at their size and the drawing takes the width it gets: put a chart into
an element with class "plot", whose width decides how many labels are shown.
"""
