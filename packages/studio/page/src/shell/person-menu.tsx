/** Who sits here: by the token where the server has tokens, else a name that decisions are signed with. */
import { Badge, Button, Group, Popover, PopoverDropdown, PopoverTarget, Stack, Text, TextInput } from '@mantine/core';
import { setName, useName } from '../api/person.js';
import { useStatus } from '../api/queries.js';
import { SignOut } from './sign-out.js';

export function PersonMenu() {
  const name = useName();
  const { data } = useStatus();
  const known = data?.you.name ?? null;
  if (known !== null)
    return (
      <Group gap="xs" wrap="nowrap">
        <Badge variant="default" size="lg" tt="none">
          {known}, may {data?.you.role}
        </Badge>
        <SignOut />
      </Group>
    );
  return (
    <Popover position="bottom-end" width={280} trapFocus shadow="md">
      <PopoverTarget>
        <Button variant="default" size="xs" maw={220}>
          {name === '' ? 'Who are you?' : name}
        </Button>
      </PopoverTarget>
      <PopoverDropdown>
        <Stack gap="xs">
          <NameField />
          <Text size="sm" className="dim">
            Kept in this browser. This server asks for no token, so it takes your word for it.
          </Text>
        </Stack>
      </PopoverDropdown>
    </Popover>
  );
}

export function NameField() {
  const name = useName();
  return (
    <TextInput
      label="Your name"
      description="Proposals and approvals are signed with it."
      value={name}
      maxLength={100}
      autoComplete="name"
      onChange={({ currentTarget }) => setName(currentTarget.value)}
    />
  );
}
