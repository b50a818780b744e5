using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Server.Store;

namespace Tenantry.Server.Secrets;

/// <summary>Which of the values at several levels counts: the nearest, of the levels that the manifest allows.</summary>
internal static class NearestSecrets
{
    public static Dictionary<string, SealedSecret> Of(Manifest manifest, IEnumerable<SealedSecret> stored)
    {
        var nearest = new Dictionary<string, SealedSecret>(StringComparer.Ordinal);
        foreach (var secret in stored)
        {
            if (manifest.FindSecret(secret.Place.Name) is not { } declared || secret.Place.Scope < declared.Scope)
                continue;
            if (!nearest.TryGetValue(secret.Place.Name, out var other) || other.Place.Scope < secret.Place.Scope)
                nearest[secret.Place.Name] = secret;
        }

        return nearest;
    }

    /// <summary>Secrets that an instance waits for until a person gives them.</summary>
    public static IReadOnlyList<SecretDefinition> Missing(Manifest manifest, InstanceSpec spec, IEnumerable<SealedSecret> stored)
    {
        var set = Of(manifest, stored);
        return [.. manifest.SecretsToGive(spec.Llm.Own).Where(secret => !set.ContainsKey(secret.Name))];
    }
}
