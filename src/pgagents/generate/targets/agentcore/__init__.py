"""Amazon Bedrock AgentCore Gateway, which makes tools from an OpenAPI document."""
