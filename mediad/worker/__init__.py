"""The worker process: the objects of its routers and the door to the media loop."""
