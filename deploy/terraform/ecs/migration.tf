# The task that makes the tables, or brings them to the version of the image. You run it: docs/ecs.md.

locals {
  owner_secrets = [for arn in [try(var.database.owner_secret_arn, null)] : arn if arn != null]
}

# Its own role: no replica can get the credential of the tables' owner.
resource "aws_iam_role" "migration" {
  count = length(local.owner_secrets)

  name                 = "${var.name}-migration"
  assume_role_policy   = local.trust
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

resource "aws_iam_role_policy_attachment" "migration" {
  count = length(local.owner_secrets)

  role       = aws_iam_role.migration[count.index].name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}

resource "aws_iam_role_policy" "owner" {
  count = length(local.owner_secrets)

  name = "owner"
  role = aws_iam_role.migration[count.index].name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = local.owner_secrets[count.index] }]
  })
}

resource "aws_ecs_task_definition" "migration" {
  count = length(local.owner_secrets)

  family                   = "${var.name}-migration"
  requires_compatibilities = local.example.requiresCompatibilities
  network_mode             = local.example.networkMode
  cpu                      = local.example.cpu
  memory                   = "512"
  execution_role_arn       = aws_iam_role.migration[count.index].arn
  tags                     = var.tags

  container_definitions = jsonencode([{
    name                   = local.container.name
    image                  = var.migration_image == null ? var.image : var.migration_image
    command                = ["engine", "migrate", "--config", "/etc/curfew/curfew.yaml"]
    essential              = true
    user                   = local.container.user
    readonlyRootFilesystem = true
    linuxParameters        = local.container.linuxParameters
    secrets                = [{ name = "CURFEW_DATABASE_URL", valueFrom = local.owner_secrets[count.index] }]
    logConfiguration = {
      logDriver = "awslogs"
      options   = merge(local.log_options, { "awslogs-stream-prefix" = "migration" })
    }
  }])

  runtime_platform {
    operating_system_family = local.example.runtimePlatform.operatingSystemFamily
    cpu_architecture        = var.cpu_architecture
  }
}
