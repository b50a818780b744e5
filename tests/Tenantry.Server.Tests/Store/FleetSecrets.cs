using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Server.Store;

namespace Tenantry.Server.Tests.Store;

/// <summary>Short ways to an instance's own secrets, for tests that look at something else.</summary>
internal static class FleetSecrets
{
    public static NewSecret Secret(InstanceSpec spec, string name, byte[] value, SecretScope scope = SecretScope.Instance, bool generated = false) =>
        new(SecretPlace.Of(spec, scope, name), SecretPlace.KeyHolderOf(spec, scope), value, generated);

    public static async Task<SealedSecret> PutAsync(this IStore store, InstanceSpec spec, string name, byte[] value, SecretScope scope = SecretScope.Instance) =>
        (await store.PutSecretsAsync([Secret(spec, name, value, scope)], CancellationToken.None)).ShouldHaveSingleItem();
}
