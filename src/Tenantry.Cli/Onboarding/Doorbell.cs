using System.Net;
using System.Net.Sockets;
using Tenantry.Cli.Running;

namespace Tenantry.Cli.Onboarding;

/// <summary>Asks at an instance's address until it answers.</summary>
internal static class Doorbell
{
    private const string Loopback = ".localhost";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Null when it answers; otherwise why nobody can tell from here.</summary>
    /// <exception cref="CliException">The gateway can be reached, and the instance does not answer through it.</exception>
    public static async Task<string?> RingAsync(Uri url, CancellationToken cancellationToken)
    {
        using var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false, ConnectCallback = ConnectAsync };
        using var http = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(30) };
        using var late = new CancellationTokenSource(Patience);
        while (true)
        {
            try
            {
                using var answer = await http.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
                if (answer.StatusCode < HttpStatusCode.InternalServerError && !await IsUnknownHereAsync(answer, cancellationToken))
                    return null;
                if (late.IsCancellationRequested)
                    throw new CliException(ExitCode.TimedOut, $"{url} answers {(int)answer.StatusCode} for {Patience.TotalSeconds:0} s.", $"'tenantry logs {url.Host.Split('.')[0]}' tells more.");
            }
            catch (HttpRequestException away)
            {
                return away.InnerException?.Message ?? away.Message;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new CliException(ExitCode.TimedOut, $"{url} takes a connection and does not answer.");
            }

            await Task.Delay(Pause, cancellationToken);
        }
    }

    // The routes are a moment behind the instance. An app's own 404 is an answer.
    private static async Task<bool> IsUnknownHereAsync(HttpResponseMessage answer, CancellationToken cancellationToken) =>
        answer.StatusCode == HttpStatusCode.NotFound && answer.Content.Headers.ContentType?.MediaType == "application/problem+json" &&
        (await answer.Content.ReadAsStringAsync(cancellationToken)).Contains("No instance answers under this name", StringComparison.Ordinal);

    // Not every resolver knows that *.localhost is this machine.
    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            var host = context.DnsEndPoint.Host.EndsWith(Loopback, StringComparison.Ordinal) ? "127.0.0.1" : context.DnsEndPoint.Host;
            await socket.ConnectAsync(host, context.DnsEndPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
