"""Amazon Bedrock AgentCore Gateway, which makes tools of an OpenAPI document."""
