using System.Text.RegularExpressions;
using Tenantry.Model.Manifests.Shapes;
using Tenantry.Model.Manifests.Yaml;

namespace Tenantry.Model.Manifests.Checks;

/// <summary>What must fit together in sleep, busy, webhooks and backup.</summary>
internal static partial class RestChecks
{
    public static Parsed<AwakeSchedule> Schedule(YamlText text)
    {
        if (AwakeText.Parse(text.Text) is not { } schedule)
            return Parsed<AwakeSchedule>.Wrong("");
        if (schedule.From == schedule.To && schedule.From != TimeOnly.MinValue)
            return Parsed<AwakeSchedule>.Wrong("It ends when it begins; write 00:00-24:00 for the whole day.");
        return IsTimeZone(schedule.TimeZone) ? Parsed<AwakeSchedule>.Ok(schedule) : Parsed<AwakeSchedule>.Wrong($"'{schedule.TimeZone}' is not a time zone; write one such as Europe/Berlin or UTC.");
    }

    public static SleepPolicy Sleep(SleepPolicy sleep, string path, ReadContext context)
    {
        if (sleep is { After: { } after, FreezeAfter: { } freeze } && freeze >= after)
            context.Report(PathText.Key(path, "freezeAfter"), $"{DurationText.Write(freeze)} is not before {DurationText.Write(after)}, when the instance is asleep already.");
        return sleep;
    }

    public static WakePolicy Wake(WakePolicy wake, string path, ReadContext context)
    {
        if (wake.Buffer > WakePolicy.LargestBuffer)
            context.Report(PathText.Key(path, "buffer"), $"{SizeText.Write(wake.Buffer)} is more than a gateway takes for one instance, {SizeText.Write(WakePolicy.LargestBuffer)}.");
        return wake;
    }

    public static BusyDefinition Busy(BusyDefinition busy, string path, ReadContext context)
    {
        if (busy.Http is not null && busy.Command.Count > 0)
            context.Report(path, "Both 'http' and 'command' are given; only one of them can be asked.");
        return busy;
    }

    public static BusyDefinition? CompleteBusy(Manifest manifest, ReadContext context)
    {
        if (manifest.Busy?.Http is not { } http)
            return manifest.Busy;
        var port = http.Port != 0 ? http.Port : manifest.EntryService()?.Ports.FirstOrDefault()?.Number ?? 0;
        if (manifest.Services.Any(service => service.Ports.Any(p => p.Number == port && p.Protocol == PortProtocol.H2c)))
            context.Report("busy.http", ServiceChecks.Unasked(port, "'command'"));
        if (port == 0 && !context.IsBroken("services") && !context.IsBroken("entry") && !context.IsBroken("busy"))
            context.Report("busy.http", "No service has an http port; say which port to ask: http: { path: /busy, port: 8080 }.");
        return manifest.Busy with { Http = http with { Port = port } };
    }

    // It would be taken without a word and do nothing.
    public static WebhookDefinition Webhook(WebhookDefinition hook, string path, ReadContext context)
    {
        foreach (var key in (string[])["maxSize", "maxAge"])
        {
            var keyPath = PathText.Key(path, key);
            if (hook.Answer == WebhookAnswer.Held && context.IsWritten(keyPath))
                context.ReportKey(keyPath, $"'{key}' is of requests that are stored, and with 'answer: held' none is. Leave one of the two out.");
        }
        return hook;
    }

    public static void Webhooks(Manifest manifest, ReadContext context)
    {
        foreach (var (index, hook) in manifest.Webhooks.Index())
        {
            if (manifest.Webhooks.Take(index).Any(w => w.Path == hook.Path))
                context.Report(context.ItemPath("webhooks", index), $"{hook.Path} is here twice.");
            if (hook.MaxSize > WebhookDefinition.LargestMaxSize)
                context.Report(PathText.Key(context.ItemPath("webhooks", index), "maxSize"), $"{SizeText.Write(hook.MaxSize)} is more than can be stored, {SizeText.Write(WebhookDefinition.LargestMaxSize)}.");
        }
        if (manifest.Webhooks.Count > 0 && manifest.Entry is null && !context.IsBroken("services") && !context.IsBroken("entry"))
            context.ReportKey("webhooks", "No service has an http port that could get a webhook.");
    }

    public static void Backup(Manifest manifest, ReadContext context)
    {
        if (manifest.Backup is not { } backup)
            return;
        if (backup.Service is { } name && manifest.FindService(name) is null)
            context.Report("backup.service", $"There is no service '{name}'.{Nearest.Hint(name, manifest.Services.Select(s => s.Name))}");
        if (backup is { Service: null } && backup.Before.Count + backup.After.Count > 0 && manifest.Entry is null && !context.IsBroken("services"))
            context.ReportKey("backup", "'service' is missing: it says where 'before' and 'after' are run.");
        var volumes = manifest.Services.SelectMany(s => s.Volumes).Select(v => v.Name).Distinct(StringComparer.Ordinal).ToList();
        foreach (var (index, glob) in backup.Exclude.Index())
        {
            var volume = glob.TrimStart('!').Split('/')[0];
            if (!volume.Contains('*', StringComparison.Ordinal) && !volumes.Contains(volume, StringComparer.Ordinal) && !context.IsBroken("services"))
                context.Report(context.ItemPath("backup.exclude", index), $"There is no volume '{volume}'; the glob begins with a volume's name.{Nearest.Hint(volume, volumes)}");
        }
    }

    // A machine without time zone data knows UTC alone; there the form of the name has to do.
    private static bool IsTimeZone(string name) =>
        ZoneName().IsMatch(name) && (TimeZoneInfo.TryFindSystemTimeZoneById(name, out _) || TimeZoneInfo.GetSystemTimeZones().Count <= 1);

    [GeneratedRegex("^[A-Za-z]+(/[A-Za-z0-9_+-]+)*\\z", RegexOptions.ExplicitCapture)]
    private static partial Regex ZoneName();
}
