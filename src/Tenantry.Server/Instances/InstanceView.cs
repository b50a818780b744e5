using Tenantry.Model.Instances;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;

namespace Tenantry.Server.Instances;

/// <summary>Instances as they cross the wire.</summary>
internal static class InstanceView
{
    public static InstanceResponse InList(InstanceRecord record, ApiSettings settings, IReadOnlySet<string> reached) => new()
    {
        Slug = record.Spec.Slug,
        Tenant = record.Spec.Tenant,
        Organization = record.Spec.Organization,
        Environment = record.Spec.Environment,
        App = record.Spec.App,
        Target = record.Spec.Target,
        Tier = record.Spec.Tier,
        Release = record.Spec.Release,
        Phase = record.Status.Phase,
        Health = record.Status.Health,
        Reason = record.Status.Reason,
        Url = reached.Contains(record.Spec.Release) ? settings.UrlOf(record.Spec.Slug) : null,
        Generation = record.Spec.Generation,
        ObservedGeneration = record.Status.ObservedGeneration,
        Drift = record.Status.Drift,
        CreatedAt = record.Spec.CreatedAt,
        Wake = record.Status.Wake,
    };

    public static InstanceDetailResponse Whole(InstanceRecord record, ApiSettings settings, IReadOnlySet<string> reached) => new(InList(record, settings, reached))
    {
        Id = record.Spec.Id,
        Desired = record.Spec.Desired,
        Hold = record.Spec.Hold,
        RunningRelease = record.Status.Release,
        Hosts = record.Spec.Hosts,
        Features = record.Spec.Features,
        Resources = [.. record.Status.Resources.Select(ResourceResponse.Of)],
        Conditions = record.Status.Conditions,
        Failures = record.Status.Failures,
        ChangedAt = record.Status.ChangedAt,
    };

    /// <summary>The fields in which two specs differ.</summary>
    public static IEnumerable<ChangeResponse> Differences(InstanceSpec? present, InstanceSpec wanted)
    {
        var before = present is null ? [] : Fields(present);
        foreach (var (field, value) in Fields(wanted))
        {
            before.TryGetValue(field, out var old);
            if (old != value)
                yield return new ChangeResponse($"instance {wanted.Slug}", field, old, value);
        }
    }

    private static Dictionary<string, string?> Fields(InstanceSpec spec) => new(StringComparer.Ordinal)
    {
        ["tenant"] = spec.Tenant,
        ["app"] = spec.App,
        ["environment"] = spec.Environment,
        ["target"] = spec.Target,
        ["tier"] = spec.Tier,
        ["release"] = spec.Release,
        ["hosts"] = spec.Hosts.Count == 0 ? null : string.Join(", ", spec.Hosts),
        ["features"] = spec.Features.Count == 0 ? null : string.Join(", ", spec.Features.Select(f => $"{f.Key}={f.Value}")),
        ["desired"] = spec.Desired.ToString(),
        ["hold"] = spec.Hold == InstanceHold.None ? null : spec.Hold.ToString(),
        ["llm limit"] = spec.Llm.Limit is { } limit ? Model.Manifests.MoneyText.Write(limit) : null,
        ["llm keys"] = spec.Llm.Own ? "given as secrets" : spec.Llm.Disabled ? "disabled" : null,
        ["llm rotations"] = spec.Llm.Rotation == 0 ? null : spec.Llm.Rotation.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ["restarts"] = spec.RestartNonce == 0 ? null : spec.RestartNonce.ToString(System.Globalization.CultureInfo.InvariantCulture),
    };
}
