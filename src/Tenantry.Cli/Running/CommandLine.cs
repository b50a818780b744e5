using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using Tenantry.Cli.Writing;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Running;

/// <summary>Parses, runs, and turns whatever goes wrong into a sentence and an exit code.</summary>
internal static class CommandLine
{
    public static async Task<int> RunAsync(IReadOnlyList<Verb> verbs, IReadOnlyList<string> arguments, CliHost host, CancellationToken cancellationToken)
    {
        host = host with { Interrupted = cancellationToken };
        var parsed = Build(verbs, arguments, host).Parse(arguments);
        var json = WantsJson(arguments);
        if (arguments.Count == 0)
            return await Build(verbs, ["--help"], host).Parse(["--help"]).InvokeAsync(new() { Output = host.Out, Error = host.Error }, cancellationToken);
        List<string> errors = UnknownVerb(verbs, parsed) is { } unknown ? [unknown] : [.. parsed.Errors.Select(e => e.Message), .. UnknownOptions(parsed)];
        if (errors.Count > 0 && parsed.Action is not HelpAction)
        {
            errors = [.. errors.Select(error => Unvalued(arguments, parsed, error)).Distinct(StringComparer.Ordinal)];
            var path = CommandPath(parsed.CommandResult);
            return Report(host, json, new(
                ExitCode.Usage,
                Failure.Word(ExitCode.Usage),
                string.Join(Environment.NewLine, errors),
                $"See '{path} --help'.",
                [.. errors.Select(e => new ProblemError("", e))])
            { ErrorsAreMessage = true });
        }

        try
        {
            return await parsed.InvokeAsync(
                new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null, Output = host.Out, Error = host.Error },
                cancellationToken);
        }
        catch (Exception exception) when (Failure.Of(exception) is { } failure)
        {
            return Report(host, json, failure);
        }
        catch (Exception fault)
        {
            return Report(host, json, new(
                ExitCode.Failed,
                "internal",
                $"A fault of tenantry itself: {fault.Message}",
                $"Please report it with this:{Environment.NewLine}{fault}",
                []));
        }
    }

    /// <summary>The command line's tree. When the first word is a verb only that verb is made: the others would cost time at every start.</summary>
    public static RootCommand Build(IReadOnlyList<Verb> verbs, IReadOnlyList<string> arguments, CliHost host)
    {
        var root = new RootCommand("One private, isolated, running copy of your application for every tenant.")
        {
            GlobalOptions.Output,
            GlobalOptions.Data,
            GlobalOptions.Server,
        };
        var wanted = arguments.Count > 0 ? verbs.FirstOrDefault(v => v.Name == arguments[0]) : null;
        foreach (var verb in wanted is null ? verbs : [wanted])
            root.Add(verb.Create(host));
        return root;
    }

    // What was put there may be the value, which no log of errors is to hold.
    private static string Unvalued(IReadOnlyList<string> arguments, ParseResult parsed, string error) => arguments.FirstOrDefault(argument => argument[0] != '-') != "secret"
        ? error
        : parsed.UnmatchedTokens.Where(token => !token.StartsWith('-')).Aggregate(error, (text, token) => text.Replace($"'{token}'", "'…'", StringComparison.Ordinal));

    private static int Report(CliHost host, bool json, Failure failure)
    {
        try
        {
            Tell(host, json, failure);
        }
        catch (IOException)
        {
            // Nobody can be told: where it was to be said is full, or closed.
        }

        return (int)failure.ExitCode;
    }

    private static void Tell(CliHost host, bool json, Failure failure)
    {
        if (failure.ExitCode == ExitCode.Interrupted && !json)
            return;
        host.Error.WriteLine("tenantry: " + Words.Printable(failure.Message));
        if (!failure.ErrorsAreMessage)
            // One mistake alone is the message already.
            foreach (var line in failure.Errors.Select(error => Place(error) + error.Message).Where(line => line != failure.Message && !line.EndsWith(": " + failure.Message, StringComparison.Ordinal)))
                host.Error.WriteLine("  " + Words.Printable(line));
        if (failure.Fix is not null)
            host.Error.WriteLine(Words.Printable(failure.Fix));
        if (json)
            new Output(host, json: true).Document(writer => JsonFailure.Write(writer, failure));
    }

    private static string Place(ProblemError error) => (error.Line, error.Path) switch
    {
        ({ } line, _) => $"{error.File ?? "tenantry.yaml"}:{line}:{error.Column ?? 1}: {(error.Path.Length > 0 ? error.Path + ": " : "")}",
        (null, { Length: > 0 } path) => path + ": ",
        _ => "",
    };

    // Asked of the words themselves, since a command line with a mistake in it has no parsed value.
    private static bool WantsJson(IReadOnlyList<string> arguments)
    {
        for (var i = 0; i < arguments.Count && arguments[i] != "--"; i++)
            if (arguments[i] is "-o=json" or "-ojson" or "-o:json" or "--output=json" or "--output:json"
                || (arguments[i] is "-o" or "--output" && i + 1 < arguments.Count && arguments[i + 1] == "json"))
                return true;
        return false;
    }

    // A word where a verb belongs, of the program or of a verb that has verbs of its own.
    private static string? UnknownVerb(IReadOnlyList<Verb> verbs, ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var isRoot = command is RootCommand;
        if ((!isRoot && command.Subcommands.Count == 0) || parsed.UnmatchedTokens.FirstOrDefault(token => !token.StartsWith('-')) is not { } word)
            return null;
        IReadOnlyList<string> known = isRoot ? [.. verbs.Where(verb => verb.Name != "complete").Select(verb => verb.Name)] : [.. command.Subcommands.Select(sub => sub.Name)];
        return $"There is no command '{CommandPath(parsed.CommandResult)} {word}'.{Nearest.Hint(word, known)}";
    }

    // The parser would take a mistyped option for the value of an argument.
    private static IEnumerable<string> UnknownOptions(ParseResult parsed)
    {
        var before = parsed.Tokens.TakeWhile(t => t.Type != TokenType.DoubleDash).Select(t => t.Value).ToHashSet(StringComparer.Ordinal);
        return parsed.CommandResult.Command.Arguments
            .SelectMany(argument => parsed.GetResult(argument)?.Tokens ?? [])
            .Where(token => token.Value.Length > 1 && token.Value[0] == '-' && before.Contains(token.Value))
            .Select(token => $"Unrecognized option '{token.Value}'. What is not an option of tenantry goes after '--'.");
    }

    private static string CommandPath(CommandResult command) =>
        command.Parent is CommandResult parent ? $"{CommandPath(parent)} {command.Command.Name}" : "tenantry";
}
