using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Parsing;
using Tenantry.Cli.Running;
using Tenantry.Client;

namespace Tenantry.Cli.Commands;

/// <summary>The hidden verb behind shell completion: the words that may stand at a position of a line, and names from the control plane.</summary>
internal static class CompleteCommand
{
    // A shell waits for this while a person types.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    public static Command Create(CliHost host)
    {
        var position = new Option<int>("--position");
        var line = new Argument<string>("line");
        var command = new Command("complete", "Words that may stand at a position of a line.") { position, line };
        command.Hidden = true;
        return command.Does(host, async call =>
        {
            var text = call.Required(line);
            var at = Math.Clamp(call.Value(position), 0, text.Length);
            var before = Words(text[..at]);
            var parsed = CommandLine.Build(Program.Verbs, [], host).Parse(before);
            var typed = before.Split(' ')[^1];
            var words = await OfferedAsync(call, parsed, before, typed);
            foreach (var word in words.Where(w => w.StartsWith(typed, StringComparison.Ordinal)).Distinct(StringComparer.Ordinal))
                host.Out.WriteLine(word);
        });
    }

    // The first word is the program, under whatever name it was called.
    private static string Words(string line)
    {
        var end = line.IndexOf(' ', StringComparison.Ordinal);
        return end < 0 ? "" : line[(end + 1)..];
    }

    private static async Task<IEnumerable<string>> OfferedAsync(Call call, ParseResult parsed, string before, string typed)
    {
        if (OptionInHand(parsed, before) is { } option)
            return [.. option.GetCompletions(CompletionContext.Empty).Select(c => c.Label), .. await NamesAsync(call, token => KnownNames.OfOption(call.Client, parsed, option.Name, token))];
        var words = parsed.GetCompletions(before.Length).Select(c => c.Label).Where(w => !w.StartsWith("/", StringComparison.Ordinal));
        return typed.StartsWith('-') || ArgumentInHand(parsed, typed) is not { } argument
            ? words
            : words.Concat(await NamesAsync(call, token => KnownNames.OfArgument(call.Client, parsed, argument.Name, token)));
    }

    // The option whose value is about to be typed: the word before is its name.
    private static Option? OptionInHand(ParseResult parsed, string before)
    {
        var words = before.Split(' ');
        return words.Length < 2 || words[..^1].Contains("--", StringComparer.Ordinal)
            ? null
            : Options(parsed.CommandResult).FirstOrDefault(o => (o.Name == words[^2] || o.Aliases.Contains(words[^2])) && o.ValueType != typeof(bool) && o.Arity.MaximumNumberOfValues > 0);
    }

    private static IEnumerable<Option> Options(CommandResult command) =>
        command.Command.Options.Concat(command.Parent is CommandResult parent ? Options(parent).Where(o => o.Recursive) : []);

    private static Argument? ArgumentInHand(ParseResult parsed, string typed)
    {
        var given = parsed.CommandResult.Children.OfType<ArgumentResult>().Sum(a => a.Tokens.Count) - (typed.Length > 0 ? 1 : 0);
        foreach (var argument in parsed.CommandResult.Command.Arguments)
        {
            if (given < argument.Arity.MaximumNumberOfValues)
                return argument;
            given -= argument.Arity.MaximumNumberOfValues;
        }

        return null;
    }

    private static async Task<List<string>> NamesAsync(Call call, Func<CancellationToken, IAsyncEnumerable<string>> names)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(call.CancellationToken);
        late.CancelAfter(Patience);
        try
        {
            return await names(late.Token).ToListAsync(late.Token);
        }
        catch (Exception away) when (away is TenantryUnavailableException or TenantryException or OperationCanceledException)
        {
            // Without a control plane there are no names to offer; the shell gets the words that are known without one.
            return [];
        }
    }
}
