# Implement a shared circular buffer
class SharedCircularBuffer:
    def __init__(self, client, namespace, name, size):
        self.client = client
        self.namespace = namespace
        self.name = name
        self.size = size
        self.header_size = 16 # 4 bytes each: write_pos, read_pos, count, capacity
    async def initialize(self):
        total_size = self.header_size + self.size
        await self.client.allocate_memory(self.namespace, self.name, total_size)
        # Initialize header: write_pos=0, read_pos=0, count=0, capacity=size
        header = struct.pack('!IIII', 0, 0, 0, self.size)
        await self.client.write_memory(self.namespace, self.name, 0, header)
    async def push(self, data):
        # Read current header
        header_bytes = await self.client.read_memory(self.namespace, self.name, 0, 16)
        write_pos, read_pos, count, capacity = struct.unpack('!IIII', header_bytes)
        if count >= capacity:
            raise BufferFull("Circular buffer is full")
        # Write data at current write position
        data_offset = self.header_size + write_pos
        await self.client.write_memory(self.namespace, self.name, data_offset, data)
        # Update header with new write position and count
        new_write_pos = (write_pos + len(data)) % capacity
        new_header = struct.pack('!IIII', new_write_pos, read_pos, count + 1, capacity)
        await self.client.write_memory(self.namespace, self.name, 0, new_header)
