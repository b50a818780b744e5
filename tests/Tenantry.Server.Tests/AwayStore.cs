using System.Reflection;
using System.Runtime.ExceptionServices;
using Tenantry.Server.Store;

namespace Tenantry.Server.Tests;

/// <summary>A store in front of a real one that a test can take away.</summary>
public class AwayStore : DispatchProxy
{
    private IStore inner = null!;

    /// <summary>True while no call is answered.</summary>
    public bool IsAway { get; set; }

    /// <summary>Told the name of each call.</summary>
    public Action<string>? Called { get; set; }

    /// <summary>The store, and what takes it away.</summary>
    public static (IStore Store, AwayStore Switch) InFrontOf(IStore store)
    {
        var proxy = Create<IStore, AwayStore>();
        var away = (AwayStore)(object)proxy;
        away.inner = store;
        return (proxy, away);
    }

    /// <inheritdoc/>
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        Called?.Invoke(targetMethod!.Name);
        if (IsAway && targetMethod!.Name is not nameof(IAsyncDisposable.DisposeAsync))
            throw new StoreUnavailableException("a test took it away", new IOException("away"));
        try
        {
            return targetMethod!.Invoke(inner, args);
        }
        catch (TargetInvocationException failure)
        {
            ExceptionDispatchInfo.Throw(failure.InnerException!);
            throw;
        }
    }
}
