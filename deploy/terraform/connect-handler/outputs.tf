output "alias_arn" {
  description = "The ARN that an endpoint asks: `client_connect_options` of `aws_ec2_client_vpn_endpoint`."
  value       = aws_lambda_alias.live.arn
}

output "function_name" {
  description = "The name of the function, for `deploy/connect-handler/update.sh`."
  value       = aws_lambda_function.this.function_name
}

output "log_group_name" {
  description = "The log group of the function."
  value       = aws_cloudwatch_log_group.this.name
}
