using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Tenantry.Cli.Running;

namespace Tenantry.Cli.Quickstarting;

/// <summary>Somebody who opens a tenant's address through the gateway.</summary>
internal sealed class Visitor(string gateway) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { Timeout = TimeSpan.FromSeconds(30) };

    public void Dispose() => _http.Dispose();

    /// <summary>Waits until the tenant's app answers with the tenant's own name.</summary>
    public async Task WaitUntilItAnswersAsync(string tenant, CancellationToken cancellationToken)
    {
        var seen = "nothing";
        using var late = new CancellationTokenSource(Patience);
        while (!late.IsCancellationRequested)
        {
            var (status, body) = await AskAsync(HttpMethod.Get, tenant, "/healthz", null, cancellationToken);
            if (status == HttpStatusCode.OK && body == tenant)
                return;
            seen = $"{(int)status} {body}";
            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
        }

        throw new CliException(ExitCode.TimedOut, $"{tenant}.localhost does not answer as {tenant}: {seen}");
    }

    public async Task<int> CountAsync(string tenant, CancellationToken cancellationToken)
    {
        var (_, body) = await AskAsync(HttpMethod.Post, tenant, "/count", null, cancellationToken);
        return JsonDocument.Parse(body).RootElement.GetProperty("count").GetInt32();
    }

    public async Task<HttpStatusCode> ReadFlowsAsync(string tenant, string token, CancellationToken cancellationToken) =>
        (await AskAsync(HttpMethod.Get, tenant, "/admin/flows", token, cancellationToken)).Status;

    public async Task<HttpStatusCode> OpenAsync(string host, CancellationToken cancellationToken) =>
        (await AskAsync(HttpMethod.Get, host, "/", null, cancellationToken)).Status;

    private async Task<(HttpStatusCode Status, string Body)> AskAsync(HttpMethod method, string tenant, string path, string? token, CancellationToken cancellationToken)
    {
        // The name is put into the request instead of being looked up: not every resolver knows that *.localhost is this machine.
        using var request = new HttpRequestMessage(method, $"http://{gateway}{path}") { Headers = { Host = $"{tenant}.localhost" } };
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await _http.SendAsync(request, cancellationToken);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(cancellationToken));
    }
}
