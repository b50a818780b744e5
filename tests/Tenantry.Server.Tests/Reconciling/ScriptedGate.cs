using Tenantry.Server.Reconciling;

namespace Tenantry.Server.Tests.Reconciling;

/// <summary>A gate that writes down what it is asked, and is busy when a test says so.</summary>
internal sealed class ScriptedGate : IRestGate, IRestPermit
{
    public List<string> Log { get; } = [];

    public bool IsBusy { get; set; }

    /// <summary>Called while the gateways are asked.</summary>
    public Action? Closing { get; set; }

    public DateTimeOffset? IdleSince { get; private set; }

    public ValueTask<IRestPermit?> CloseAsync(string instanceId, bool force, DateTimeOffset? idleSince, CancellationToken cancellationToken)
    {
        IdleSince = idleSince;
        Closing?.Invoke();
        Log.Add(force ? "force" : "close");
        return ValueTask.FromResult<IRestPermit?>(IsBusy && !force ? null : this);
    }

    public ValueTask<IAsyncDisposable> DrainAsync(string instanceId, CancellationToken cancellationToken)
    {
        Log.Add("drain");
        return ValueTask.FromResult<IAsyncDisposable>(this);
    }

    public ValueTask DisposeAsync()
    {
        Log.Add("rested");
        return ValueTask.CompletedTask;
    }
}
