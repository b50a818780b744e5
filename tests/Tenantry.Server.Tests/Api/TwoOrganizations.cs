using System.Net;
using Tenantry.Model.Wire;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

/// <summary>acme with the tenant ann, other with the tenant bob, an instance each; and tokens.</summary>
internal static class TwoOrganizations
{
    public static async Task<((string Name, string Operation) Own, (string Name, string Operation) Foreign)> TwoTenantsAsync(TestApi api)
    {
        await api.SetUpAsync();
        return (("ann", await AddAsync(api, "ann", "acme")), ("bob", await AddAsync(api, "bob", "other")));
    }

    private static async Task<string> AddAsync(TestApi api, string tenant, string organization) =>
        (await ReadAsync<OperationResponse>(
            await api.Local.PostAsync("/v1/instances", Json(new { tenant, app = "notes", newTenant = new { name = tenant, organization } })), HttpStatusCode.Accepted)).Id;

    public static async Task<string> TokenAsync(TestApi api, Role role, string? organization, string? name = null) => (await ReadAsync<CreateTokenResponse>(
        await api.Local.PostAsync("/v1/tokens", Json(new { name = name ?? $"{role} {organization}", role = role.ToString(), organization })), HttpStatusCode.Created)).Token;
}
