package routing

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/discovery"
)

// protocols are container ports of what is no HTTP: a request sent there can be read as commands. The page "registered" has the same list.
var protocols = map[int]string{
	21: "FTP", 22: "SSH", 23: "Telnet", 25: "SMTP", 53: "DNS", 110: "POP3", 139: "SMB", 143: "IMAP", 389: "LDAP", 445: "SMB", 465: "SMTP", 514: "syslog",
	587: "SMTP", 636: "LDAP", 873: "rsync", 993: "IMAP", 995: "POP3", 1080: "SOCKS", 1433: "SQL Server", 1521: "Oracle", 1883: "MQTT", 2049: "NFS",
	2181: "ZooKeeper", 3260: "iSCSI", 3306: "MySQL", 3389: "RDP", 4222: "NATS", 4369: "Erlang", 5060: "SIP", 5432: "PostgreSQL", 5671: "AMQP",
	5672: "AMQP", 5900: "VNC", 6379: "Redis", 6380: "Redis", 6432: "PostgreSQL", 6650: "Pulsar", 6667: "IRC", 7687: "Neo4j", 8883: "MQTT", 9042: "Cassandra",
	9092: "Kafka", 9300: "Elasticsearch", 11211: "memcached", 25672: "RabbitMQ", 26257: "CockroachDB", 26379: "Redis", 27017: "MongoDB", 27018: "MongoDB",
	27019: "MongoDB", 28015: "RethinkDB", 33060: "MySQL", 61613: "STOMP", 61616: "ActiveMQ",
}

// otherProtocol says that an instance most likely speaks no HTTP, or "".
func otherProtocol(in *discovery.Instance) string {
	port := containerPort(in)
	if name := protocols[port]; name != "" {
		return fmt.Sprintf("port %d is %s's", port, name)
	}
	return ""
}

// containerPort is the port inside of the container, which ends the ID that registrators give (host:container:port); where the ID is
// another one, it is the registered port.
func containerPort(in *discovery.Instance) int {
	if parts := strings.Split(in.ID, ":"); len(parts) == 3 {
		if port, err := strconv.Atoi(parts[2]); err == nil {
			return port
		}
	}
	return in.Port
}
