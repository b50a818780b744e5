using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Tenantry.Server.Metrics;
using Tenantry.Server.Serving;

namespace Tenantry.Server.Tests.Serving;

/// <summary>The metrics of a gateway alone, on an address that another process has.</summary>
public sealed class OwnMetricsTests : IDisposable
{
    private readonly KeptLog log = new();
    private readonly ILoggerFactory loggers;
    private readonly IPEndPoint address = new(IPAddress.Loopback, FreePort.Take());
    private readonly TcpListener another;

    public OwnMetricsTests()
    {
        loggers = LoggerFactory.Create(logging => logging.AddProvider(new Keeping(log)));
        another = new TcpListener(address);
        another.Start();
    }

    [Fact]
    public async Task WhoTakesOverTellsThemOnceTheAddressIsFree()
    {
        await using var own = Own();
        own.Try();
        await Waiting.ForAsync(() => Text.Contains("The gateway serves without, and tries again each second", StringComparison.Ordinal));

        another.Stop();

        using var client = new HttpClient();
        await Waiting.ForAsync(async () =>
        {
            try
            {
                using var answer = await client.GetAsync($"http://{address}/metrics");
                return answer.IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });
        Text.ShouldNotContain("Hosting failed");
        await own.StopAsync(CancellationToken.None);
        using var again = new TcpListener(address);
        again.Start();
    }

    [Fact]
    public async Task AnAddressInUseIsSaidInASentence()
    {
        await using var own = Own();

        (await Should.ThrowAsync<ServeRefusedException>(() => own.StartAsync(CancellationToken.None))).Message.ShouldContain("Stop what listens there, or choose another address");

        Text.ShouldNotContain("Hosting failed");
    }

    public void Dispose()
    {
        another.Dispose();
        loggers.Dispose();
    }

    private string Text => string.Join('\n', log.Lines);

    private OwnMetrics Own() => new(address, new List<IMetricSource>(), new FakeEngine(), loggers);

    private sealed class Keeping(KeptLog log) : ILoggerProvider
    {
        public ILogger CreateLogger(string categoryName) => log;

        public void Dispose()
        {
            // It is the test's.
        }
    }
}
