using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using Tenantry.Server.Engine;
using Tenantry.Server.Metrics;

namespace Tenantry.Server.Serving;

/// <summary><c>/metrics</c> of a gateway that serves alone, on an address that one process has at a time: the next gateway takes it when the one before has let go of it.</summary>
internal sealed class OwnMetrics(IPEndPoint address, IReadOnlyList<IMetricSource> sources, IEngineLink engine, ILoggerFactory loggers) : IAsyncDisposable
{
    private WebApplication? host;

    /// <summary>Listens. Where the address was another gateway's just now it is waited for, and customers are served without metrics when it does not come free.</summary>
    /// <exception cref="ServeRefusedException">It cannot listen there, and nobody is served yet.</exception>
    public async Task StartAsync(bool isServing, CancellationToken cancellationToken)
    {
        try
        {
            host = await PortInUse.WaitAsync(() => MetricsHost.StartAsync(address, sources, engine, loggers, cancellationToken), isServing, cancellationToken);
        }
        catch (ServeRefusedException failure) when (isServing)
        {
            loggers.CreateLogger<OwnMetrics>().LogError("--metrics: {Reason} The gateway serves without; its next restart tries again", failure.Message);
        }
    }

    /// <summary>Lets go of the address.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await (host?.StopAsync(cancellationToken) ?? Task.CompletedTask);
        await DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await (host?.DisposeAsync() ?? ValueTask.CompletedTask);
        host = null;
    }
}
