using System.Text.Json.Nodes;
using Tenantry.Model.Manifests.Checks;
using Tenantry.Model.Manifests.Shapes;
using Tenantry.Model.Naming;

namespace Tenantry.Model.Manifests.Description;

/// <summary>The keys around rest: sleep, wake, busy, webhooks, and backup.</summary>
internal static class RestDescription
{
    private static readonly Shape<AwakeSchedule> Schedule = new TextShape<AwakeSchedule>(
        "a schedule such as \"Mon-Fri 08:00-19:00 Europe/Berlin\"", RestChecks.Schedule,
        () => new JsonObject { ["type"] = "string", ["pattern"] = @"^[A-Za-z,-]+ [0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}( [A-Za-z0-9/_+-]+)?$" }, _ => null);

    public static Shape<SleepPolicy> Sleep { get; } = new ObjectShape<SleepPolicy>("a mapping that describes a sleep policy", new())
        .Key("after", Values.DurationOrNever, s => s.After, (s, v) => s with { After = v }, "Idle time after which an instance is stopped, its data kept.")
        .Key("freezeAfter", Values.DurationOrNever, s => s.FreezeAfter, (s, v) => s with { FreezeAfter = v }, "Idle time after which it is frozen: kept in memory, without CPU.")
        .Key("minimumAwake", Values.Duration, s => s.MinimumAwake, (s, v) => s with { MinimumAwake = v }, "Shortest time between a wake and the next rest.")
        .Optional("awake", new ChoiceShape<IReadOnlyList<AwakeSchedule>>(
            text: new MappedShape<AwakeSchedule, IReadOnlyList<AwakeSchedule>>(Schedule, s => [s]),
            list: new ListShape<AwakeSchedule>(Schedule, "schedules")),
            (s, v) => s with { Awake = v }, "Times of the week in which the instance is kept awake. The time zone is UTC unless named.")
        .Finish(RestChecks.Sleep);

    public static Shape<WakePolicy> Wake { get; } = new ObjectShape<WakePolicy>("a mapping that describes a wake policy", new())
        .Key("timeout", Values.Duration, w => w.Timeout, (w, v) => w with { Timeout = v }, "Longest time that a request waits for a sleeping instance.")
        .Optional("ignore", new ListShape<string>(PathValues.RequestPattern, "paths"), (w, v) => w with { Ignore = v }, "Paths that are answered without waking, for monitors.")
        .Key("waitingPage", Values.Flag, w => w.WaitingPage, (w, v) => w with { WaitingPage = v }, "Whether a browser that waits longer than a second sees a waiting page.")
        .Key("buffer", Values.Size, w => w.Buffer, (w, v) => w with { Buffer = v }, "How much of a waiting request's body is taken before its sender has to wait; at most 32MB.")
        .Finish(RestChecks.Wake);

    public static Shape<BusyDefinition> Busy { get; } = new ObjectShape<BusyDefinition>("a mapping that says what counts as busy", new())
        .Optional("http", ServiceDescription.Http, (b, v) => b with { Http = v }, "Path of the entry service that answers {\"busy\": true} or {\"busy\": false}. Any other answer, and none, means busy.")
        .Optional("command", Commands.Plain, (b, v) => b with { Command = v }, "Program, run in the entry service, that exits 0 when the instance is idle.")
        .Key("timeout", Values.Duration, b => b.Timeout, (b, v) => b with { Timeout = v }, "Time that the endpoint or program may take.")
        .Key("cpu", Values.Cores, b => b.Cpu, (b, v) => b with { Cpu = v }, "CPU use, in cores over a minute, above which the instance is busy.")
        .Key("outbound", Values.Size, b => b.Outbound, (b, v) => b with { Outbound = v }, "Outbound traffic in a minute above which the instance is busy.")
        .Finish(RestChecks.Busy);

    private static readonly Shape<WebhookDefinition> Webhook = new ChoiceShape<WebhookDefinition>(
        text: new MappedShape<string, WebhookDefinition>(PathValues.RequestPattern, path => new() { Path = path }),
        mapping: new ObjectShape<WebhookDefinition>("a mapping with the key path", new() { Path = "" })
            .Required("path", PathValues.RequestPattern, (w, v) => w with { Path = v }, "Path of the requests.")
            .Key("answer", Values.Word<WebhookAnswer>(), w => w.Answer, (w, v) => w with { Answer = v }, "With stored, the sender gets 202 once the request is on disk; with held, it waits for the app's own answer.")
            .Key("maxSize", Values.Size, w => w.MaxSize, (w, v) => w with { MaxSize = v }, "Largest request that is stored; at most 32MB.")
            .Key("maxAge", Values.Duration, w => w.MaxAge, (w, v) => w with { MaxAge = v }, "Age at which an undelivered request becomes a dead letter.")
            .Finish(RestChecks.Webhook));

    public static Shape<IReadOnlyList<WebhookDefinition>> Webhooks { get; } = new ListShape<WebhookDefinition>(Webhook, "paths");

    private static readonly ObjectShape<BackupRetention> Keep = new ObjectShape<BackupRetention>("a mapping with the keys last, daily, weekly and monthly", new())
        .Key("last", Values.Whole(0, 10_000), k => k.Last, (k, v) => k with { Last = v }, "The newest backups, whenever they were made.")
        .Key("daily", Values.Whole(0, 10_000), k => k.Daily, (k, v) => k with { Daily = v }, "One for each of so many days.")
        .Key("weekly", Values.Whole(0, 10_000), k => k.Weekly, (k, v) => k with { Weekly = v }, "One for each of so many weeks.")
        .Key("monthly", Values.Whole(0, 10_000), k => k.Monthly, (k, v) => k with { Monthly = v }, "One for each of so many months.");

    public static Shape<BackupPolicy> Backup { get; } = new ObjectShape<BackupPolicy>("a mapping that describes a backup policy", new())
        .Key("every", Values.Duration, b => b.Every, (b, v) => b with { Every = v }, "Time between two backups.")
        .Optional("keep", Keep, (b, v) => b with { Keep = v }, "How many backups are kept; zero everywhere keeps all.")
        .Optional("before", Commands.Plain, (b, v) => b with { Before = v }, "Program that brings the data to rest before the copy.")
        .Optional("after", Commands.Plain, (b, v) => b with { After = v }, "Program that is run after the copy, whether or not it worked.")
        .Optional("service", Values.Name(NameKind.Service), (b, v) => b with { Service = v }, "Service in which the two are run; without it, the entry service.")
        .Optional("exclude", new ListShape<string>(PathValues.Glob, "globs"), (b, v) => b with { Exclude = v }, "Globs of what is left out, the volume's name first: data/cache/**.");
}
