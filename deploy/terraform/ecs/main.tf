# Curfew on Fargate, as one task with its files on EFS or as replicas on PostgreSQL: what deploy/ecs/curfew.template.yaml
# makes. The container is that of deploy/ecs/task-definition.json.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  on_files = var.database == null

  example   = jsondecode(file("${path.module}/../../ecs/task-definition.json"))
  container = local.example.containerDefinitions[0]

  log_options = {
    "awslogs-group"  = aws_cloudwatch_log_group.this.name
    "awslogs-region" = data.aws_region.current.region
  }

  # Only this account's tasks.
  trust = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_ecs_cluster" "this" {
  name = var.name
  tags = var.tags
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/${var.name}"
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

# The permissions of the process.
module "role" {
  source = "../iam"

  name                 = var.name
  mode                 = var.mode
  endpoint_arns        = var.endpoint_arns
  tag                  = var.tag
  read_tags            = var.read_tags
  database_user_arn    = try(var.database.user_arn, null)
  assumed_role_arns    = var.assumed_role_arns
  assume_role_policy   = local.trust
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

# ECS uses this role to pull the image, open the log stream and read the URL of the database. The process does not have it.
resource "aws_iam_role" "execution" {
  name                 = "${var.name}-execution"
  assume_role_policy   = local.trust
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

resource "aws_iam_role_policy_attachment" "execution" {
  role       = aws_iam_role.execution.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}

resource "aws_iam_role_policy" "database" {
  count = local.on_files ? 0 : 1

  name = "database"
  role = aws_iam_role.execution.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = var.database.secret_arn }]
  })
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = local.example.requiresCompatibilities
  network_mode             = local.example.networkMode
  cpu                      = local.example.cpu
  memory                   = local.example.memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = module.role.role_arn
  tags                     = var.tags

  container_definitions = jsonencode([merge(local.container, {
    image       = var.image
    # Without the key `engine` in its configuration a replica does not start: each would enforce on its own.
    command     = concat(local.container.command, local.on_files ? [] : ["--replica"])
    mountPoints = [for mount in local.container.mountPoints : mount if local.on_files]
    secrets     = [for arn in [try(var.database.secret_arn, "")] : { name = "CURFEW_DATABASE_URL", valueFrom = arn } if !local.on_files]
    logConfiguration = merge(local.container.logConfiguration, {
      options = merge(local.container.logConfiguration.options, local.log_options)
    })
  })])

  runtime_platform {
    operating_system_family = local.example.runtimePlatform.operatingSystemFamily
    cpu_architecture        = var.cpu_architecture
  }

  dynamic "volume" {
    for_each = aws_efs_access_point.this

    content {
      name = local.example.volumes[0].name

      efs_volume_configuration {
        file_system_id     = volume.value.file_system_id
        transit_encryption = "ENABLED"

        authorization_config {
          access_point_id = volume.value.id
          iam             = "ENABLED"
        }
      }
    }
  }
}

resource "aws_ecs_service" "this" {
  name                   = var.name
  cluster                = aws_ecs_cluster.this.arn
  task_definition        = aws_ecs_task_definition.this.arn
  launch_type            = "FARGATE"
  enable_execute_command = false
  propagate_tags         = "SERVICE"
  tags                   = var.tags

  # On files, only one process may terminate connections: the old task stops before the new one starts, and rebalancing
  # would start a second task next to the first. Replicas join before others leave, and Fargate spreads them over the
  # zones of the subnets.
  desired_count                      = local.on_files ? 1 : var.tasks
  deployment_maximum_percent         = local.on_files ? 100 : 200
  deployment_minimum_healthy_percent = local.on_files ? 0 : 100
  availability_zone_rebalancing      = local.on_files ? "DISABLED" : "ENABLED"

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    # The files can be mounted in two of them.
    subnets          = local.on_files ? slice(var.subnet_ids, 0, 2) : var.subnet_ids
    security_groups  = [aws_security_group.task.id]
    assign_public_ip = var.assign_public_ip
  }

  # The task could not start without them.
  depends_on = [
    aws_efs_mount_target.this,
    aws_iam_role_policy.database,
    aws_iam_role_policy.files,
    aws_iam_role_policy_attachment.execution,
    aws_vpc_security_group_egress_rule.database,
    aws_vpc_security_group_egress_rule.files,
    aws_vpc_security_group_ingress_rule.database,
    module.role,
  ]
}
