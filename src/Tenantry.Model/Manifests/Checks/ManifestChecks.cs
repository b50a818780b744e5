using Tenantry.Model.Manifests.Shapes;

namespace Tenantry.Model.Manifests.Checks;

/// <summary>What must fit together in the whole file. Runs on what could be read, so that one pass finds every mistake.</summary>
internal static class ManifestChecks
{
    public static Manifest Manifest(Manifest manifest, string path, ReadContext context)
    {
        ServiceSetChecks.Run(manifest, context);
        manifest = manifest with
        {
            Entry = ServiceSetChecks.Entry(manifest, context),
            DefaultTier = TierChecks.DefaultTier(manifest, context),
        };
        manifest = manifest with { Busy = RestChecks.CompleteBusy(manifest, context) };
        RestChecks.Webhooks(manifest, context);
        RestChecks.Backup(manifest, context);
        SecretChecks.Variables(manifest, context);
        ReferenceChecks.Run(manifest, context);
        return manifest;
    }
}
