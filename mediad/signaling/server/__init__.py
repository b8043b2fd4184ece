"""HTTP and WebSocket under uvicorn, with budgets for what clients send."""
