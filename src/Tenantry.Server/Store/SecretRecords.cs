using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;

namespace Tenantry.Server.Store;

/// <summary>Where a secret's value is kept.</summary>
/// <param name="Scope">The level.</param>
/// <param name="Holder">Who is meant at that level: an app's, an organization's or a tenant's name, or an instance's id.</param>
/// <param name="App">The app that declares it: another app's secret of the same name is another secret.</param>
/// <param name="Name">As the manifest names it.</param>
public sealed record SecretPlace(SecretScope Scope, string Holder, string App, string Name)
{
    /// <summary>The place at a level of an instance.</summary>
    public static SecretPlace Of(InstanceSpec spec, SecretScope scope, string name) => new(scope, HolderOf(spec, scope), spec.App, name);

    /// <summary>Whose data key the values at a level of an instance are under: an instance's are under its tenant's.</summary>
    public static string KeyHolderOf(InstanceSpec spec, SecretScope scope) =>
        scope == SecretScope.Instance ? KeyHolderOf(SecretScope.Tenant, spec.Tenant) : KeyHolderOf(scope, HolderOf(spec, scope));

    /// <summary>The same for an app, an organization or a tenant.</summary>
    public static string KeyHolderOf(SecretScope scope, string holder) => $"{scope.ToString().ToLowerInvariant()}:{holder}";

    private static string HolderOf(InstanceSpec spec, SecretScope scope) => scope switch
    {
        SecretScope.App => spec.App,
        SecretScope.Organization => spec.Organization,
        SecretScope.Tenant => spec.Tenant,
        _ => spec.Id,
    };
}

/// <summary>A value to be written, sealed to the public half of the data key of <paramref name="KeyHolder"/>.</summary>
public sealed record NewSecret(SecretPlace Place, string KeyHolder, byte[] Value, bool Generated);

/// <summary>A secret, readable by the engine alone.</summary>
/// <param name="Place">Where it is kept.</param>
/// <param name="KeyHolder">Whose data key opens it.</param>
/// <param name="Value">Sealed.</param>
/// <param name="Version">From 1; the greatest is in force.</param>
/// <param name="Generated">Whether Tenantry made it.</param>
/// <param name="RestoredFrom">The version whose value this one brought back, or 0.</param>
/// <param name="CreatedAt">When this version was written.</param>
public sealed record SealedSecret(SecretPlace Place, string KeyHolder, byte[] Value, long Version, bool Generated, long RestoredFrom, DateTimeOffset CreatedAt)
{
    /// <summary>Older versions that are kept to go back to.</summary>
    public const int KeptVersions = 10;
}

/// <summary>An instance that waits for its turn to get a new value of a secret that several share.</summary>
/// <param name="InstanceId">The instance.</param>
/// <param name="Place">Where the value is kept.</param>
/// <param name="Version">The version that it has until then; 0: none.</param>
/// <param name="IsAway">Its target does not answer: it is not given its turn before it does.</param>
public sealed record SecretTurn(string InstanceId, SecretPlace Place, long Version, bool IsAway = false);

/// <summary>The key pair that all secrets of a tenant (an organization, an app) are sealed to. Without it they are unreadable for ever.</summary>
/// <param name="Holder">Such as <c>tenant:alice</c>.</param>
/// <param name="Public">The public half: a point of P-256, 65 bytes. Whoever has it can write.</param>
/// <param name="Wrapped">The private half, which the engine's key alone opens.</param>
/// <param name="EngineKey">The mark of that engine key.</param>
/// <param name="CreatedAt">When the engine made it.</param>
public sealed record DataKey(string Holder, byte[] Public, byte[] Wrapped, string EngineKey, DateTimeOffset CreatedAt);
