using System.Net;

namespace Tenantry.EndToEnd.Tests.Running;

/// <summary>Somebody who asks a tenant's address through the gateway.</summary>
internal sealed class Visitor : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { Timeout = Eventually.Limit };

    public void Dispose() => _http.Dispose();

    public async Task<(HttpStatusCode Status, string Body, HttpResponseMessage Response)> GetAsync(ControlPlane plane, string host, string path = "/")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(plane.Gateway + path)) { Headers = { Host = host } };
        var response = await _http.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(), response);
    }

    public async Task<(HttpStatusCode Status, string Body)> PostAsync(ControlPlane plane, string host, string path, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(plane.Gateway + path)) { Headers = { Host = host }, Content = new StringContent(body) };
        using var response = await _http.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Waits until the address answers with that status and a body that contains a text.</summary>
    public Task AnswersAsync(ControlPlane plane, string host, HttpStatusCode status, string body = "", string path = "/") => Eventually.HoldsAsync(async () =>
    {
        try
        {
            var seen = await GetAsync(plane, host, path);
            return (seen.Status == status && seen.Body.Contains(body, StringComparison.Ordinal), $"{(int)seen.Status} {seen.Body}");
        }
        catch (Exception broken) when (broken is HttpRequestException or OperationCanceledException)
        {
            return (false, broken.Message);
        }
    });
}
