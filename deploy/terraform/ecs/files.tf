# The audit trail and the state of one task, without a database.

# Terraform refuses to remove it: it holds the audit trail. `terraform state rm` takes it out of Terraform, and keeps it.
resource "aws_efs_file_system" "this" {
  count = local.on_files ? 1 : 0

  encrypted = true
  tags      = merge({ Name = var.name }, var.tags)

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_efs_backup_policy" "this" {
  count = local.on_files ? 1 : 0

  file_system_id = aws_efs_file_system.this[0].id

  backup_policy {
    status = "ENABLED"
  }
}

resource "aws_efs_file_system_policy" "this" {
  count = local.on_files ? 1 : 0

  file_system_id = aws_efs_file_system.this[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # Only the task's role mounts it. Without a statement that denies, every role of this account whose own policy
      # allows it could, and so could administrators. Add the role of a reader here, and allow it to mount.
      {
        Sid       = "OnlyTheTask"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = ["elasticfilesystem:Client*"]
        Resource  = "*"
        Condition = { ArnNotEquals = { "aws:PrincipalArn" = concat([module.role.role_arn], var.reader_role_arns) } }
      },
      # Only through an access point, which sets user and folder.
      {
        Sid       = "OnlyThroughAnAccessPoint"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = ["elasticfilesystem:Client*"]
        Resource  = "*"
        Condition = { Null = { "elasticfilesystem:AccessPointArn" = "true" } }
      },
      {
        Sid       = "OnlyEncrypted"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "*"
        Resource  = "*"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

# A client of this access point acts as uid 65532 and sees one folder.
resource "aws_efs_access_point" "this" {
  count = local.on_files ? 1 : 0

  file_system_id = aws_efs_file_system.this[0].id
  tags           = var.tags

  posix_user {
    uid = 65532
    gid = 65532
  }

  root_directory {
    path = "/curfew"

    creation_info {
      owner_uid   = 65532
      owner_gid   = 65532
      permissions = "0700"
    }
  }
}

resource "aws_efs_mount_target" "this" {
  count = local.on_files ? 2 : 0

  file_system_id  = aws_efs_file_system.this[0].id
  subnet_id       = var.subnet_ids[count.index]
  security_groups = [aws_security_group.files[0].id]
}

# The task mounts through its own access point, and no other.
resource "aws_iam_role_policy" "files" {
  count = local.on_files ? 1 : 0

  name = "files"
  role = module.role.role_name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
      Resource  = aws_efs_file_system.this[0].arn
      Condition = { StringEquals = { "elasticfilesystem:AccessPointArn" = aws_efs_access_point.this[0].arn } }
    }]
  })
}

resource "aws_security_group" "files" {
  count = local.on_files ? 1 : 0

  name_prefix = "${var.name}-files-"
  description = "Audit trail and state of Curfew"
  vpc_id      = var.vpc_id
  tags        = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "files" {
  count = local.on_files ? 1 : 0

  security_group_id            = aws_security_group.files[0].id
  description                  = "The task"
  ip_protocol                  = "tcp"
  from_port                    = 2049
  to_port                      = 2049
  referenced_security_group_id = aws_security_group.task.id
}

resource "aws_vpc_security_group_egress_rule" "files" {
  count = local.on_files ? 1 : 0

  security_group_id            = aws_security_group.task.id
  description                  = "Audit trail and state"
  ip_protocol                  = "tcp"
  from_port                    = 2049
  to_port                      = 2049
  referenced_security_group_id = aws_security_group.files[0].id
}
