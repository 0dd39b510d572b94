"""Charts as inline SVG: one file a kind; colours are classes of templates/theme.css, so that a page may forbid styles.

Charts have no styles of their own. Texts keep their size and the drawing takes the width of its place: put a chart into
an element with class "plot"; its width decides how many labels are visible.
"""
