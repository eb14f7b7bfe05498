output "role_arn" {
  description = "The ARN of the role. Roles in other accounts trust it."
  value       = aws_iam_role.daemon.arn
}

output "role_name" {
  description = "The name of the role."
  value       = aws_iam_role.daemon.name
}
