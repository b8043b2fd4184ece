"""HTTP and WebSocket under uvicorn, with budgets for whatever clients send."""
