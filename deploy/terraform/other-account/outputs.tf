output "role_arn" {
  description = "The ARN of the role, for `assumeRole` in the configuration and `assumed_role_arns` of the daemon's module."
  value       = aws_iam_role.watched.arn
}
