output "role_arn" {
  description = "The role of the daemon, to name in the trust policies of roles in other accounts."
  value       = module.role.role_arn
}

output "cluster_name" {
  description = "The name of the cluster, for `aws ecs run-task` and `update-service`."
  value       = aws_ecs_cluster.this.name
}

output "service_name" {
  description = "The name of the service. `aws ecs update-service --desired-count 0` stops Curfew at once."
  value       = aws_ecs_service.this.name
}

output "security_group_id" {
  description = "The security group of the tasks."
  value       = aws_security_group.task.id
}

output "log_group_name" {
  description = "The log group of the tasks."
  value       = aws_cloudwatch_log_group.this.name
}

output "migration_task_definition" {
  description = "The task definition that makes the tables, if there is one."
  value       = one(aws_ecs_task_definition.migration[*].arn)
}
