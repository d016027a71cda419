"""`tickfold top`: feed, portfolios, bots, alerts and fills on one screen.

`state` folds what the stack sends, `snapshot` is what of it is shown at a moment; `screen` draws that, moved by
`controls`; `source` is the way from the client to the state, `terminal` that from the keys to the screen.
"""
