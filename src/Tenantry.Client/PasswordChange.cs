using System.Net;
using Tenantry.Model.Wire;

namespace Tenantry.Client;

/// <summary>Somebody's own password, changed with the one so far: a session is begun for it and ends with it.</summary>
public static class PasswordChange
{
    private const string Cookie = "__Host-tenantry";

    /// <summary>Changes it. All sessions of the person end.</summary>
    /// <param name="address">Of the API over HTTP.</param>
    /// <param name="email">Who.</param>
    /// <param name="current">The password so far.</param>
    /// <param name="wanted">The new one.</param>
    /// <param name="isPreview">Only looks whether it would be taken.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TenantryException">The password so far is not right, was tried too often, or the new one is not taken.</exception>
    public static async Task SendAsync(TenantryAddress address, string email, string current, string wanted, bool isPreview, CancellationToken cancellationToken = default)
    {
        using var transport = new Transport(address, (string?)null);
        var session = await SignInAsync(transport, email, current, cancellationToken);
        using var ask = transport.Request(HttpMethod.Get, "v1/session");
        ask.Headers.Add("Cookie", session);
        using var answer = await transport.SendAsync(ask, cancellationToken);
        var csrf = (await transport.ReadAsync<SessionResponse>(answer, cancellationToken)).CsrfToken;
        using var put = transport.Request(HttpMethod.Put, isPreview ? "v1/session/password?dryRun=true" : "v1/session/password");
        put.Headers.Add("Cookie", session);
        put.Headers.Add("X-CSRF-Token", csrf);
        put.Content = Transport.Json(new PutPasswordRequest(wanted, current));
        using var done = await transport.SendAsync(put, cancellationToken);
    }

    private static async Task<string> SignInAsync(Transport transport, string email, string current, CancellationToken cancellationToken)
    {
        using var request = transport.Request(HttpMethod.Post, "signin");
        request.Content = new FormUrlEncodedContent([new("email", email), new("password", current)]);
        HttpResponseMessage response;
        try
        {
            response = await transport.Invoker.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException failure)
        {
            throw new TenantryUnavailableException(transport.Address, failure);
        }

        using (response)
        {
            var cookie = response.Headers.TryGetValues("Set-Cookie", out var set) ? set.FirstOrDefault(one => one.StartsWith(Cookie + "=", StringComparison.Ordinal))?.Split(';')[0] : null;
            if (response.StatusCode == HttpStatusCode.SeeOther && cookie is { Length: > 0 } && cookie != Cookie + "=")
                return cookie;
            var (status, why) = response.Headers.Location?.ToString() switch
            {
                { } place when place.Contains("failure=toooften", StringComparison.Ordinal) => (HttpStatusCode.TooManyRequests, "Too many wrong tries. Wait a quarter of an hour."),
                { } place when place.Contains("failure=notsecure", StringComparison.Ordinal) => (HttpStatusCode.Forbidden, "Passwords are taken over HTTPS, or on the control plane's own machine."),
                { } place when place.Contains("failure=wrong", StringComparison.Ordinal) => (HttpStatusCode.Forbidden, "The address or the password is not right. Nothing was changed."),
                _ => (response.StatusCode, $"{transport.Address} lets nobody in (HTTP {(int)response.StatusCode}). Is it a Tenantry control plane of this version?"),
            };
            throw new TenantryException(status, new ProblemResponse { Status = (int)status, Title = "Not signed in", Detail = why, Code = status == HttpStatusCode.Forbidden ? ProblemCodes.Forbidden : "" });
        }
    }
}
