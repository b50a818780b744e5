using System.Net;
using Tenantry.Model.Wire;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

/// <summary>APIs with instances whose apps declare secrets.</summary>
internal static class SecretSamples
{
    public static async Task<TestApi> WithAliceAsync()
    {
        var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");
        return api;
    }

    public static async Task<TestApi> SharedAsync()
    {
        var api = await StartAsync();
        await api.SetUpAsync();
        await api.ApplyAsync(
            """
            app: shared
            version: "1"
            services:
              web: { command: [/bin/web], ports: [8080] }
            secrets:
              licence: { scope: app }
              team: { scope: tenant, required: false }
              own: { required: false }
            """);
        foreach (var name in new[] { "alice", "bob" })
            await ReadAsync<OperationResponse>(await api.Local.PostAsync("/v1/instances", Json(new { tenant = name, app = "shared", newTenant = new { name } })), HttpStatusCode.Accepted);
        return api;
    }

    public static async Task<SecretResponse> PutAsync(TestApi api, string path, string value) => await ReadAsync<SecretResponse>(await api.Local.PutAsync(path, Json(new { value })));
}
