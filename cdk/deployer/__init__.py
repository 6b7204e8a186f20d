"""The function that CloudFormation calls for what templates cannot say."""
