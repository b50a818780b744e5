using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using Tenantry.Server.Engine;
using Tenantry.Server.Metrics;

namespace Tenantry.Server.Serving;

/// <summary><c>/metrics</c> of a gateway that serves alone, on an address that one process has at a time: the next gateway takes it when the one before has let go of it.</summary>
internal sealed class OwnMetrics(IPEndPoint address, IReadOnlyList<IMetricSource> sources, IEngineLink engine, ILoggerFactory loggers) : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private readonly ILogger log = loggers.CreateLogger<OwnMetrics>();
    private CancellationTokenSource trying = new();
    private Task tried = Task.CompletedTask;
    private WebApplication? host;

    /// <summary>Listens.</summary>
    /// <exception cref="ServeRefusedException">It cannot listen there.</exception>
    public async Task StartAsync(CancellationToken cancellationToken) => host = await PortInUse.WaitAsync(() => ListenAsync(cancellationToken), isPatient: false, cancellationToken);

    /// <summary>Listens as soon as it can: whatever keeps it from that, customers are served.</summary>
    public void Try()
    {
        trying = new CancellationTokenSource();
        tried = TryAsync(trying.Token);
    }

    /// <summary>Lets go of the address.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await trying.CancelAsync();
        await tried;
        await (host?.StopAsync(cancellationToken) ?? Task.CompletedTask);
        await DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await trying.CancelAsync();
        await tried;
        await (host?.DisposeAsync() ?? ValueTask.CompletedTask);
        host = null;
    }

    private async Task TryAsync(CancellationToken cancellationToken)
    {
        var isSaid = false;
        while (host is null && !cancellationToken.IsCancellationRequested)
        {
            try
            {
                host = await ListenAsync(cancellationToken);
                if (isSaid)
                    log.LogInformation("--metrics: they are told at {Address} now", address);
            }
            catch (Exception failure)
            {
                // Said once, not every second.
                if (!isSaid && !cancellationToken.IsCancellationRequested)
                    log.LogWarning("--metrics: {Reason} The gateway serves without, and tries again each second", failure.Message);
                isSaid = true;
                await Task.Delay(Pause, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private Task<WebApplication> ListenAsync(CancellationToken cancellationToken) =>
        PortInUse.ListenAsync(address, () => MetricsHost.Build(address, sources, engine, loggers), cancellationToken);
}
