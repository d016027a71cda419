"""The feed: fetches the bars of the watch list every minute of the session, and keeps them until the lake has them."""
