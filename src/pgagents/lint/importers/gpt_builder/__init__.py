"""The GPT builder's import of an OpenAPI document, simulated: the same red lines, and what the model would finally see."""
