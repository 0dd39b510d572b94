"""Pictures of usage for READMEs, wikis and home pages: SVG documents that stand alone, drawn of the API's answers.

They have fixed columns, since what shows them measures no text; no script, no font and no address of another machine.
"""
