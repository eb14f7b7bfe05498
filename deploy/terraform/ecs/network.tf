resource "aws_security_group" "task" {
  name_prefix = "${var.name}-"
  description = "Curfew"
  vpc_id      = var.vpc_id
  tags        = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_egress_rule" "apis" {
  security_group_id = aws_security_group.task.id
  description       = "The APIs of AWS and webhooks"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_vpc_security_group_ingress_rule" "scraping" {
  count = var.scraper_security_group_id == null ? 0 : 1

  security_group_id            = aws_security_group.task.id
  description                  = "Prometheus"
  ip_protocol                  = "tcp"
  from_port                    = 9464
  to_port                      = 9464
  referenced_security_group_id = var.scraper_security_group_id
}

resource "aws_vpc_security_group_egress_rule" "database" {
  count = local.on_files ? 0 : 1

  security_group_id            = aws_security_group.task.id
  description                  = "Audit trail and state"
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
  referenced_security_group_id = var.database.security_group_id
}

resource "aws_vpc_security_group_ingress_rule" "database" {
  count = local.on_files ? 0 : 1

  security_group_id            = var.database.security_group_id
  description                  = "Curfew"
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
  referenced_security_group_id = aws_security_group.task.id
}
