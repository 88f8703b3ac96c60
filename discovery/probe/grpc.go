package probe

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
)

// GRPCCheck is one question to grpc.health.v1.Health/Check. Target is host:port or host:port/service, as in Consul.
type GRPCCheck struct {
	Target        string
	UseTLS        bool
	TLSSkipVerify bool
}

// GRPC asks once: SERVING passes, everything else is critical.
func (p Prober) GRPC(ctx context.Context, check GRPCCheck) Result {
	address, service, _ := strings.Cut(check.Target, "/")
	if err := checkAddress(address); err != nil {
		return critical(err.Error())
	}
	// passthrough: the address is dialled as written, with no resolver and no service config from DNS.
	connection, err := grpc.NewClient("passthrough:///"+address, grpc.WithNoProxy(),
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) { return p.Gate.Dial(ctx, "tcp", address) }),
		grpc.WithDisableServiceConfig(), grpc.WithTransportCredentials(check.credentials()))
	if err != nil {
		return critical(fmt.Sprintf("gRPC %s: %v", check.Target, err))
	}
	defer connection.Close()
	answer, err := grpc_health_v1.NewHealthClient(connection).Check(ctx,
		&grpc_health_v1.HealthCheckRequest{Service: service}, grpc.MaxCallRecvMsgSize(maxOutput))
	if err != nil {
		return critical(fmt.Sprintf("gRPC check %s: %v", check.Target, err))
	}
	if answer.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		return critical(fmt.Sprintf("gRPC check %s: %s", check.Target, answer.GetStatus()))
	}
	return Result{Verdict: Passing, Output: plain("gRPC check " + check.Target + ": success")}
}

func (c GRPCCheck) credentials() credentials.TransportCredentials {
	if !c.UseTLS {
		return insecure.NewCredentials()
	}
	return credentials.NewTLS(&tls.Config{InsecureSkipVerify: c.TLSSkipVerify})
}
