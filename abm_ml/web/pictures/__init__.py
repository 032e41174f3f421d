"""The pictures of the pages: small SVG drawn by the server, harmless whatever the data is called, sharp in print.

Colours are classes of the style sheet, so that light, dark and paper each have their own. What a picture shows also
stands beside it as text.
"""
