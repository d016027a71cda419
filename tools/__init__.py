"""Programs for developing Tickfold; nothing that ships imports them."""
