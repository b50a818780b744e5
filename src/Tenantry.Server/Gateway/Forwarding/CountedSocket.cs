using System.Net.Sockets;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>A socket to an instance, given back to the budget when it is closed, by whomever.</summary>
internal sealed class CountedSocket : Socket
{
    private readonly SocketBudget budget;
    private readonly string instanceId;
    private int isCounted = 1;

    /// <summary>Inside the instance's network.</summary>
    public CountedSocket(SafeSocketHandle made, SocketBudget budget, string instanceId)
        : base(made) => (this.budget, this.instanceId) = (budget, instanceId);

    /// <summary>Of this machine's network.</summary>
    public CountedSocket(SocketBudget budget, string instanceId)
        : base(SocketType.Stream, ProtocolType.Tcp) => (this.budget, this.instanceId) = (budget, instanceId);

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        // Also of one whose making failed.
        if (budget is not null && Interlocked.Exchange(ref isCounted, 0) == 1)
            budget.Return(instanceId);
    }
}
