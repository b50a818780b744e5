using System.Net;
using Tenantry.Model.Wire;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

/// <summary>Keeps cookies and sends what a browser sends of its own accord.</summary>
internal sealed class Browser(TestApi api)
{
    private readonly HttpClient client = api.Client("");
    private readonly Dictionary<string, string> cookies = new(StringComparer.Ordinal);

    public string? Cookie { get; set; }

    public string? Csrf { get; set; }

    /// <summary>The last <c>Set-Cookie</c>.</summary>
    public string SetCookie { get; private set; } = "";

    /// <summary>Adds the person and signs in by a link.</summary>
    public static async Task<Browser> SignedInAsync(TestApi api, string email, Role? role = null)
    {
        if (await api.Store.FindPersonAsync(email, CancellationToken.None) is null)
            (await api.Local.PostAsync("/v1/people", Json(new { email, role = role?.ToString() }))).StatusCode.ShouldBe(HttpStatusCode.Created);
        var browser = new Browser(api);
        var link = await ReadAsync<SignInLinkResponse>(await api.Local.PostAsync("/v1/signin-links", Json(new { email })), HttpStatusCode.Created);
        using var answer = await browser.SendAsync(HttpMethod.Post, new Uri(link.Url).PathAndQuery);
        answer.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        browser.Csrf = (await ReadAsync<SessionResponse>(await browser.GetAsync("/v1/session"))).CsrfToken;
        return browser;
    }

    public Task<HttpResponseMessage> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

    public Task<HttpResponseMessage> FormAsync(string path, params (string Name, string Value)[] fields) =>
        SendAsync(HttpMethod.Post, path, new FormUrlEncodedContent(fields.Select(one => KeyValuePair.Create(one.Name, one.Value))));

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? content = null, string site = "same-origin", params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        request.Headers.Add("Sec-Fetch-Site", site);
        if (Cookie is not null)
            cookies["__Host-tenantry"] = Cookie;
        else
            cookies.Remove("__Host-tenantry");
        if (cookies.Count > 0)
            request.Headers.Add("Cookie", string.Join("; ", cookies.Select(one => $"{one.Key}={one.Value}")));
        if (Csrf is not null)
            request.Headers.Add("X-CSRF-Token", Csrf);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        foreach (var cookie in answer.Headers.TryGetValues("Set-Cookie", out var set) ? set : [])
        {
            var (name, value) = cookie.Split(';')[0].Split('=', 2) is [var left, var right] ? (left, right) : (cookie, "");
            cookies.Remove(name);
            if (value.Length > 0)
                cookies[name] = value;
            if (name == "__Host-tenantry")
                (SetCookie, Cookie) = (cookie, value.Length == 0 ? null : value);
        }

        return answer;
    }
}
