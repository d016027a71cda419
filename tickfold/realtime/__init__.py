"""Realtime: connections, the topics that they subscribe to, and the delivery of messages to them."""
