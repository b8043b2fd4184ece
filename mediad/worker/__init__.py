"""One worker process: the objects of a router and the door to the media loop."""
