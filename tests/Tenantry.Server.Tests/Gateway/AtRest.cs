using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Tenantry.Model.Instances;
using Tenantry.Server.Engine;
using Tenantry.Server.Gateway;
using Tenantry.Server.Gateway.Waking;
using Tenantry.Server.Tests.Serving;
using Endpoint = Tenantry.Model.Instances.Endpoint;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>Routes to instances that rest.</summary>
internal static class AtRest
{
    internal static readonly WakeRules Rules = new(30, ["/healthz", "/favicon*"], true, 1_000_000);

    internal static void LeadToRest(TestGateway gateway, WakeRules? rules = null, string slug = "alice") =>
        gateway.Lead((slug + ".localhost", new Route("id-" + slug, slug, slug, RouteState.Resting, null) { Rules = rules ?? Rules }));

    internal static WakeAnswer AwakeAt(int port, InstancePhase from = InstancePhase.Asleep) =>
        new(WakeOutcome.Awake, Endpoint: new Endpoint("127.0.0.1", port), Wake: new WakeRecord(TimeProvider.System.GetUtcNow(), from, 0.01, 0.02));

    /// <summary>A port that nobody listens on, and nobody else gets meanwhile.</summary>
    internal static Socket Shut(out int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        port = ((IPEndPoint)socket.LocalEndPoint!).Port;
        return socket;
    }

    internal static Task UntilAsync(Func<bool> holds, [CallerArgumentExpression(nameof(holds))] string what = "") => Waiting.ForAsync(holds, 5, what);

    internal static Task UntilAsync(Func<Task<bool>> holds, [CallerArgumentExpression(nameof(holds))] string what = "") => Waiting.ForAsync(holds, 5, what);
}
